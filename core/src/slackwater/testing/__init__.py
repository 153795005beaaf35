"""What tests of backends and of the house are made of, for third parties too.

``conformance`` is the contract as tests, ``memory`` a tool that needs nothing, ``kubernetes_api`` a
small API server, ``distributions`` plugins as if they were installed. Nothing but tests, emulators
and the demo imports it.
"""
