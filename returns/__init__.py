"""Every reverse flow: a return is authorized, received, inspected, disposed of and settled."""
