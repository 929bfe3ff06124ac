"""A booth's next system: checked, installed beside the running one, judged, kept or left."""
