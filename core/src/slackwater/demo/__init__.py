"""The demo: the whole story, told by the real command line, on a small fleet on this machine.

It may print, for it is a show; it uses ``slackwater.testing``, for its stage is emulated.
"""
