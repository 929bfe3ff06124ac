"""What is in a booth's system image: a bill of materials, and the search for what must not be.

Runs where images are built. "Image" is a system's image everywhere here; pictures are pictures.
"""
