"""Jobs of one machine, forked from a process that has imported their libraries already.

A job of this study takes seconds, of which one to three are the import of torch, pandas and matplotlib.
Linux alone: libraries of macOS do not survive a fork. Where jobs run on other machines or in containers, and
wherever the process is gone, they start an interpreter of their own, as without this package.
"""
