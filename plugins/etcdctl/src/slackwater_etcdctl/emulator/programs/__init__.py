"""Stand-ins for etcdctl, etcdutl and etcd: small scripts over a folder, quick to start.

They are run by Python without its site packages, so they import nothing but each other and what is
built in. Each behaviour is marked [documented], [measured] (facts of the project, on 3.4.23, 3.5.1,
3.5.27, 3.6.13 and 3.6.14) or [guessed].
"""
