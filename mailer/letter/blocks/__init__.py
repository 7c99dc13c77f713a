"""The blocks of a letter, such as a box, votes or dates: read from Markdown into frozen values.

`reading` makes each block's value while the Markdown is parsed; the tree then holds the block's
words, within an element whose attribute `BLOCK` names the value. Each form of a letter writes
blocks its own way: `in_text`, `in_mail`, `calendar`.
"""
