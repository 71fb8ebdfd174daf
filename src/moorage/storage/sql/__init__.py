"""The implementation that all SQL databases share.

``tables`` says what is kept. Each operation is a *transaction*: a generator that yields statements
and gets their rows, and so knows the rules but no driver. ``storage.sqlite`` drives transactions in
its writer thread; another database drives the same ones in its own way.
"""
