"""A fleet of virtual booths that speaks the real contract: to try servers and brokers at scale."""
