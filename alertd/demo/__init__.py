"""The demo: the real daemon against a made-up news day, both on loopback, told in the terminal."""

from alertd.demo.runner import run_demo

__all__ = ["run_demo"]
