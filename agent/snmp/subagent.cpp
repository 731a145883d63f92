// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/snmp/subagent.h"

#include <cstdlib>

// In this order, as the library wants it.
// clang-format off
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
// clang-format on

namespace agent::snmp {
namespace {

constexpr const char* application = "getvpn-gm-snmp";
// How often the SNMP daemon is looked for when it went away.
constexpr int ping_seconds = 5;
// How long it waits for an answer: a list of thousands of lines takes its time on a slow machine.
constexpr int answer_seconds = 10;

// The library calls back without a word of whose it is.
Subagent::Read read_objects;
std::function<void()> regular_work;

std::vector<oid> library_form(const ObjectId& name) { return {name.begin(), name.end()}; }

u_char asn_type(Value::Syntax syntax) {
  switch (syntax) {
    case Value::Syntax::integer:
      return ASN_INTEGER;
    case Value::Syntax::unsigned32:
      return ASN_UNSIGNED;
    case Value::Syntax::counter32:
      return ASN_COUNTER;
    case Value::Syntax::octets:
      return ASN_OCTET_STR;
    case Value::Syntax::object_id:
      return ASN_OBJECT_ID;
  }
  return ASN_NULL;
}

void set(netsnmp_variable_list* to, const Value& value) {
  const auto type = asn_type(value.syntax);
  if (value.syntax == Value::Syntax::octets) {
    snmp_set_var_typed_value(to, type, value.octets.data(), value.octets.size());
  } else if (value.syntax == Value::Syntax::object_id) {
    const auto name = library_form(value.name);
    snmp_set_var_typed_value(to, type, name.data(), name.size() * sizeof(oid));
  } else {
    snmp_set_var_typed_integer(to, type, value.number);
  }
}

ObjectId asked_for(const netsnmp_variable_list& variable) {
  ObjectId out;
  for (std::size_t i = 0; i < variable.name_length; ++i)
    out.push_back(static_cast<std::uint32_t>(variable.name[i]));
  return out;
}

// answer_one leaves a GETNEXT alone that goes beyond the last instance: the daemon goes on with
// what follows the subtree.
void answer_one(netsnmp_agent_request_info* info, netsnmp_request_info* request,
                const Objects& objects) {
  const auto name = asked_for(*request->requestvb);
  if (info->mode == MODE_GET) {
    const auto found = objects.find(name);
    if (found == objects.end())
      netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
    else
      set(request->requestvb, found->second);
    return;
  }
  const auto next = objects.upper_bound(name);
  if (next == objects.end()) return;
  const auto next_name = library_form(next->first);
  snmp_set_var_objid(request->requestvb, next_name.data(), next_name.size());
  set(request->requestvb, next->second);
}

int answer(netsnmp_mib_handler*, netsnmp_handler_registration*, netsnmp_agent_request_info* info,
           netsnmp_request_info* requests) {
  if (info->mode != MODE_GET && info->mode != MODE_GETNEXT) return SNMP_ERR_NOERROR;
  const auto& objects = read_objects();
  for (auto* request = requests; request != nullptr; request = request->next)
    if (request->processed == 0) answer_one(info, request, objects);
  return SNMP_ERR_NOERROR;
}

void at_regular_times(unsigned, void*) { regular_work(); }

}  // namespace

Result<void> Subagent::open(const std::string& agentx, const ObjectId& subtree, Read read) {
  read_objects = std::move(read);
  // Nothing is read from or written to files of the library's own, be it modules or settings.
  ::setenv("MIBS", "", 1);
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
  snmp_enable_stderrlog();
  netsnmp_enable_subagent();
  netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, agentx.c_str());
  netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
                     ping_seconds);
  if (init_agent(application) != 0) return fail("the SNMP library cannot be used");
  const auto root = library_form(subtree);
  auto* const registration = netsnmp_create_handler_registration(application, answer, root.data(),
                                                                 root.size(), HANDLER_CAN_RONLY);
  if (registration != nullptr) registration->timeout = answer_seconds;
  if (registration == nullptr || netsnmp_register_handler(registration) != MIB_REGISTERED_OK)
    return fail("the SNMP library refuses to register the subtree");
  init_snmp(application);
  return {};
}

void Subagent::send(const Notification& notification) {
  static const ObjectId snmp_trap_oid{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
  netsnmp_variable_list* variables = nullptr;
  const auto add = [&variables](const ObjectId& name, const Value& value) {
    const auto form = library_form(name);
    auto* const added =
        snmp_varlist_add_variable(&variables, form.data(), form.size(), ASN_NULL, nullptr, 0);
    if (added != nullptr) set(added, value);
  };
  add(snmp_trap_oid, {Value::Syntax::object_id, 0, {}, notification.name});
  for (const auto& [name, value] : notification.objects) add(name, value);
  send_v2trap(variables);
  snmp_free_varbind(variables);
}

void Subagent::serve() { agent_check_and_process(1); }

void Subagent::every(unsigned seconds, std::function<void()> work) {
  regular_work = std::move(work);
  snmp_alarm_register(seconds, SA_REPEAT, at_regular_times, nullptr);
}

void Subagent::close() { snmp_shutdown(application); }

}  // namespace agent::snmp
