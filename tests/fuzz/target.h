// SPDX-License-Identifier: GPL-2.0-or-later
// A fuzz target is one function; libfuzzer.cpp and replay.cpp call it.
#pragma once

#include <cassert>

#include "gdoi/base/result.h"

// fuzz feeds `input` to a parser, asserts what must hold of anything it accepts, and returns
// whether it did.
bool fuzz(gdoi::View input);
