"""What the tables of all queues share: how the heads of their columns stand, and which give way on a phone.

A file of a queue says dates in the international form and states in their words without being told.
"""

NUMBER = {"th": {"class": "num"}}
LESS = {"th": {"class": "cell-less"}}
WIDE = {"th": {"class": "cell-wide"}}
LESS_NUMBER = {"th": {"class": "cell-less num"}}
WIDE_NUMBER = {"th": {"class": "cell-wide num"}}
