"""X.509 certificates for MQTT and HTTPS over TLS, for the laboratory and the authority."""
