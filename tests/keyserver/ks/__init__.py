# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab GDOI key server: IKEv1 Main Mode responder and GROUPKEY-PULL, written from the RFCs.

It shares no code with the group member it tests, so that a misreading of an RFC shows up as a
failed exchange instead of two programs agreeing on the same mistake.
"""
