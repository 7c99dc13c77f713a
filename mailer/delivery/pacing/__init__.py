"""Pacing: how much, how fast, over how many connections, to a relay and to each provider behind it.

`limits` are values, `meters`, `tempers` and `sharing` are arithmetic; `rows` and `seats` keep what
holds over all workers; `pacer` is what an engine asks; `holds` and `standing` tell people.
"""
