// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_catch.h"

int main(int argc, char** argv) { return support::run_catch(argc, argv); }
