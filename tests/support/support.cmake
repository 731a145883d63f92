# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/support gives to test programs. Included by whoever uses it first.
include_guard(GLOBAL)

# gdoi-test-support: the headers of tests/support, with gdoi.
add_library(gdoi-test-support INTERFACE)
target_link_libraries(gdoi-test-support INTERFACE gdoi)
target_compile_definitions(gdoi-test-support INTERFACE GETVPN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

# scripted-key-server: the one encoder of GDOI that C++ tests have, and the key server made of it.
file(GLOB KS_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/ks/*.cpp)
add_library(scripted-key-server STATIC ${KS_SOURCES})
target_include_directories(scripted-key-server PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(scripted-key-server PUBLIC gdoi-test-support OpenSSL::Crypto PRIVATE getvpn-options)
getvpn_precompiled(scripted-key-server test-headers)

# simulated-network: key servers, members and the wire between them.
add_library(simulated-network STATIC ${CMAKE_CURRENT_LIST_DIR}/simulated_network.cpp)
target_link_libraries(simulated-network PUBLIC scripted-key-server PRIVATE getvpn-options)
getvpn_precompiled(simulated-network test-headers)

add_library(recorded-main STATIC ${CMAKE_CURRENT_LIST_DIR}/recorded_main.cpp)
target_link_libraries(recorded-main PUBLIC test-runner PRIVATE getvpn-options gdoi-test-support)

# getvpn_recorded_test(NAME LABEL SOURCES... [LIBRARIES...]) is getvpn_test for programs that replay
# recorded exchanges; ctest shows it as skipped where there are none.
function(getvpn_recorded_test name label)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE getvpn-options recorded-main gdoi-test-support ${ARG_LIBRARIES})
  getvpn_run(${name} ${label} --order rand --rng-seed time)
endfunction()
