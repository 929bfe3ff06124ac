"""The messages between the three processes of a booth, and the sockets that carry them."""
