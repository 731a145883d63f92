// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "agent/config/daemon_config.h"
#include "agent/group/explanation.h"
#include "agent/group/plan.h"
#include "agent/group/ports.h"
#include "agent/group/sa_table.h"
#include "agent/kernel/applied_states.h"
#include "agent/kernel/translate.h"
#include "xfrm/plane/plane.h"

namespace agent {

// XfrmPlane is the kernel as a group's data plane. With translate.h and what that needs, it is all
// of the agent that knows xfrm/.
class XfrmPlane final : public DataPlane {
 public:
  // open checks that the kernel can do what is needed; nothing is changed yet. `log` must outlive
  // the plane.
  [[nodiscard]] static Result<XfrmPlane> open(const ConfiguredGroup& group,
                                              std::vector<std::string> interfaces, const Log& log);

  // found tells which groups have something in the kernel, and in which slot.
  [[nodiscard]] static Result<std::vector<SlotAssignment>> found();

  // sweep removes what is in the kernel of groups that are none of `groups`, and what would no
  // longer be recognised as theirs, and logs `why`.
  static void sweep(std::span<const ConfiguredGroup> groups, std::string_view why, const Log& log);

  // configure changes what may change while the plane is open: exceptions, passive mode, the replay
  // window, the place among other groups. It counts from the next apply() on.
  void configure(const ConfiguredGroup& group);

  // cover changes the interfaces that are protected, from the next apply() on.
  void cover(const std::vector<std::string>& interfaces) { plane_.cover(interfaces); }

  // watch has `attend` called several times a second while apply() or clear() takes long. It may
  // read the data plane and do nothing else with it. False has an apply() given up, which then
  // fails and leaves the kernel as it was.
  void watch(std::function<bool(const KernelWork& work)> attend);

  [[nodiscard]] Result<Applied> apply(const Installation& installation) override;
  [[nodiscard]] Result<void> clear() override;
  [[nodiscard]] Result<std::vector<TekCounters>> counters() override;
  [[nodiscard]] Result<std::vector<UnknownSpi>> unknown_spis() override;
  // dropped is what the second lock dropped.
  [[nodiscard]] Result<DroppedInClear> dropped();
  [[nodiscard]] Result<ExistingState> survey() override;
  [[nodiscard]] Result<std::vector<std::string>> verify() override;

  // differences are what verify() would tell now; it changes nothing.
  [[nodiscard]] Result<std::vector<std::string>> differences();

  // plan tells what apply() would do now, as `group` has the plane configured; plan_removal what
  // clear() would do. Both change nothing.
  [[nodiscard]] Result<std::vector<PlannedChange>> plan(const Installation& installation,
                                                        const ConfiguredGroup& group);
  [[nodiscard]] Result<std::vector<PlannedChange>> plan_removal();

  // explain tells what becomes of a packet, by the list `sas` has, by policies and by the second
  // lock. `mark` is that of packets that came in by the WAN; `sas` may be nullptr, when nothing but
  // fail-close can be in force. In what they disagree is left to say (explain.h).
  [[nodiscard]] Result<Explanation> explain(const Packet& packet, std::uint32_t mark,
                                            const SaTable* sas);

  // event_fd becomes readable when the kernel told of changes. read_events empties it and tells
  // whether verify() has a reason.
  [[nodiscard]] int event_fd() const { return plane_.event_fd(); }
  [[nodiscard]] bool read_events() { return plane_.read_events(); }

 private:
  XfrmPlane(xfrm::Plane plane, TranslateOptions options, const Log& log)
      : plane_{std::move(plane)}, options_{std::move(options)}, log_{&log} {}

  xfrm::Plane plane_;
  TranslateOptions options_;
  const Log* log_;
  KeyClasses classes_;
  AppliedStates states_;
  std::optional<Installation::Mode> mode_;  // of the last apply(); nothing: none yet, or cleared
};

}  // namespace agent
