"""A simulated MK3 with one to three MultiPlus devices behind it.

Written from the protocol, not from `lib/mk2`: it has its own encoder and decoder, and recorded traces judge both, so
that an error on one side is not mirrored on the other.
"""
