"""One file a vendor library and role; nothing outside this folder imports those libraries."""
