"""The aim page: a technician points the camera and draws the lanes, without a single picture.

Two processes and a browser. The keeper (``keeper.py``, root, started by ``edge-lpr aim``) makes
the code, asks vision, keeps lanes and the audit. The page (``page_server.py``, a user of its own
without a network) speaks HTTP on the one socket that it is handed, and asks the keeper. Neither
has pixels.
"""
