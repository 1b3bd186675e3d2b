"""The whole service on simulated hosts: one seed decides time, network, faults and people."""
