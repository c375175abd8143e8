"""The requests of a plan or a run: through one gate, patient in an outage, and held back after a stop."""

from __future__ import annotations

from coggno.provisioning.requests.sender import Sender
from coggno.provisioning.requests.stop_signal import StopSignal

__all__ = ["Sender", "StopSignal"]
