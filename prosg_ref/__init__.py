"""RWKV-4 with ProSG, in torch: the reference model of MuSI.

Importing this package imports nothing heavy; `prosg_ref.rwkv4`, `prosg_ref.prosg`, … import torch when asked for.
"""
