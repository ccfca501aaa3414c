"""Returns' pages: the queue, the dock and the forms that begin a return, and one return with its steps."""
