"""The machinery behind the Makefile: sets up, starts and stops Orderly on one machine; the product never imports it."""
