"""A fast loopback server in a process of its own, which answers as the service does and does nothing else."""
