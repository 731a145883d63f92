/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TEK change-over, fail-close and re-registration of three members, for spin: never in clear, and nothing is sent under
 * a TEK that a live and undisturbed member lacks. README.md tells what it leaves out, and how it is tied to the code.
 *
 * Time is a ring of four phases: there are no more than two TEKs, and when the old one has ended the new one is called
 * old. So all generations of TEKs are looked at, not some.
 *
 *   0 quiet             one TEK
 *   1 made              the key server has made another and pushes it; a push may be lost
 *   2 fetched           who has no new TEK has registered again, if it could
 *   3 last moment       the new TEK is sent on; at the end of it the old one expires
 */
#define N 3
#define NONE 0
#define OLD 1
#define NEW 2

typedef Member {
  bool up;         /* there is a daemon */
  bool cut;        /* nothing gets through to the key server or back; or it rests after attempts that failed */
  bool wants;      /* a registration is due or under way */
  bool served;     /* the daemon itself had a policy, and not only its predecessor's states */
  bool knows;      /* the daemon has the new TEK, and not only its predecessor's states */
  byte step;       /* of an installation */
  bool guarded;    /* fail-close was put in force, and nothing stopped since */
  bool joined;     /* there was a policy, and nothing stopped since */
  /* The kernel: goes on when the daemon is gone. */
  bool in_old, in_new; /* states inbound */
  byte sends;          /* the state outbound that is used */
  bool list, closed;   /* policies of the list; of fail-close */
};
Member m[N];
byte phase;
#ifdef REPLAY
byte budget; /* so many events fit into the phase */
#define CAN (budget > 0)
#define SPEND budget--
#else
#define CAN true
#define SPEND skip
#endif

#define FAIL_CLOSE(i) (i == 0) /* who has the setting */
#define LIVE(r) (m[r].in_old || m[r].in_new)
#define REACHABLE(r) (m[r].up && !m[r].cut)
#define AT_EASE(r) (REACHABLE(r) && !m[r].wants && m[r].step == 0)
#define READS(r, s) ((m[s].sends == OLD && m[r].in_old) || (m[s].sends == NEW && m[r].in_new))
#define SENDS(s) (m[s].list && m[s].sends != NONE)
#define CLEAR(s) (!m[s].list && !m[s].closed)

/* The promises, at every instant. */
#define NOT_CLEAR(s) (!CLEAR(s) || (!m[s].joined && !m[s].guarded))
#define READ_BY(s, r) (!SENDS(s) || !LIVE(r) || !AT_EASE(r) || READS(r, s))
#define SERVED(s) (!m[s].joined || !AT_EASE(s) || SENDS(s))
inline check() {
  assert(NOT_CLEAR(0) && NOT_CLEAR(1) && NOT_CLEAR(2));
  assert(READ_BY(0, 1) && READ_BY(0, 2) && READ_BY(1, 0) && READ_BY(1, 2) && READ_BY(2, 0) && READ_BY(2, 1));
  assert(SERVED(0) && SERVED(1) && SERVED(2))
}

inline report(r) {
  printf("@ member %d: up %d list %d closed %d in %d%d sends %d\n", r, m[r].up, m[r].list, m[r].closed, m[r].in_old, m[r].in_new,
         m[r].sends)
}
/* After each event: the promises, and for traces what there is now. */
#define DONE(event) \
  check(); \
  printf("@ %e %d in phase %d\n", event, i, phase); \
  report(0); report(1); report(2)
mtype = { begins, starts, crashes, stops, is_cut, is_mended, clears, gets_push, registers, installs, changes, is_late, time };

/* Where a registration's answer leads to, in the order of xfrm/plane/installer.h. */
inline take_inbound(i) {
  m[i].in_old = true;
  m[i].in_new = (phase > 0);
  m[i].knows = (phase > 0)
}
inline take_list(i) {
  m[i].list = true;
  m[i].served = true;
  m[i].joined = true
}
inline take_outbound(i) {
  if
#ifdef BREAK_EARLY
  :: phase > 0 -> m[i].sends = NEW
#else
  :: phase == 3 -> m[i].sends = NEW
#endif
  :: else ->
     if
     :: m[i].sends == NONE -> m[i].sends = OLD
     :: else
     fi
  fi
}
inline take_closed_away(i) {
  m[i].closed = false;
  m[i].wants = false
}
#ifdef REPLAY
#define REGISTER_IF_REACHABLE \
  if \
  :: REACHABLE(i) && m[i].wants -> take_inbound(i); take_list(i); take_outbound(i); take_closed_away(i) \
  :: else \
  fi
#else
#define REGISTER_IF_REACHABLE skip
#endif

proctype member(byte i) {
  do
  /* The daemon and its operator. A start adopts what is in the kernel. */
  :: atomic { CAN && !m[i].up ->
       SPEND;
       m[i].up = true;
       m[i].wants = true;
#ifdef BREAK_FLUSH
       m[i].list = false; m[i].closed = false; m[i].in_old = false; m[i].in_new = false; m[i].sends = NONE;
#endif
       if
       :: FAIL_CLOSE(i) -> m[i].guarded = true; m[i].closed = m[i].closed || !m[i].list
       :: else
       fi;
       REGISTER_IF_REACHABLE;
       DONE(starts) }
  :: atomic { CAN && m[i].up ->
       SPEND;
       m[i].up = false; m[i].step = 0; m[i].served = false; m[i].wants = false; m[i].knows = false;
       DONE(crashes) }
  :: atomic { CAN && m[i].up && m[i].step == 0 ->
       SPEND;
       m[i].up = false; m[i].served = false; m[i].wants = false; m[i].knows = false; m[i].joined = false; m[i].guarded = false;
       m[i].list = false; m[i].closed = false; m[i].in_old = false; m[i].in_new = false; m[i].sends = NONE;
       DONE(stops) }
  :: atomic { CAN && m[i].up && m[i].joined && m[i].step == 0 ->
       SPEND;
       if
       :: m[i].served ->
          m[i].in_old = false; m[i].in_new = false; m[i].sends = NONE; m[i].knows = false;
#ifdef BREAK_FORGET
          m[i].list = false
#endif
       :: else /* what a predecessor left serves on until there is a policy */
       fi;
       m[i].wants = true;
       REGISTER_IF_REACHABLE;
       DONE(clears) }
  /* The line to the key server. */
  :: atomic { CAN && !m[i].cut -> SPEND; m[i].cut = true; DONE(is_cut) }
#ifdef REPLAY
  :: atomic { CAN && m[i].cut && phase == 0 ->
#else
  :: atomic { m[i].cut ->
#endif
       SPEND;
       m[i].cut = false;
       REGISTER_IF_REACHABLE;
       DONE(is_mended) }
  /* A push, read by whoever has the KEK. It waits for the others to have the TEK, too. */
  :: atomic { CAN && phase == 1 && AT_EASE(i) && m[i].joined && !m[i].in_new ->
       SPEND;
       m[i].in_new = true; m[i].knows = true;
#ifdef BREAK_EARLY
       m[i].sends = NEW;
#endif
       DONE(gets_push) }
#ifndef REPLAY
  /* It registers again in time. */
#ifndef BREAK_LATE
  :: atomic { phase == 1 && m[i].up && m[i].joined && !m[i].in_new && !m[i].wants -> m[i].wants = true; DONE(is_late) }
#endif
  /* A registration: its parts come into force one after the other, and the daemon may be gone between any two. */
  :: atomic { REACHABLE(i) && m[i].wants && m[i].step == 0 ->
#ifdef BREAK_OPEN
       m[i].closed = false;
#endif
       take_inbound(i); m[i].step = 1; DONE(registers) }
  :: atomic { m[i].step == 1 -> take_list(i); m[i].step = 2; DONE(installs) }
  :: atomic { m[i].step == 2 -> take_outbound(i); take_closed_away(i); m[i].step = 0; DONE(installs) }
  /* The last moment of the old TEK. */
  :: atomic { phase == 3 && m[i].up && m[i].step == 0 && m[i].knows && m[i].sends != NEW -> m[i].sends = NEW; DONE(changes) }
#endif
  od
}

/* Nothing that a member does at once, and nothing that is due, is passed over by time. */
#define SETTLED(r) (!m[r].up || (m[r].step == 0 && (m[r].cut || !m[r].wants)))
#define ALL_SETTLED (SETTLED(0) && SETTLED(1) && SETTLED(2))
#if defined(REPLAY) || defined(BREAK_LATE)
#define FETCHED(r) true
#else
#define FETCHED(r) (!m[r].up || !m[r].joined || m[r].in_new || m[r].wants)
#endif
#ifdef REPLAY
#define CHANGED(r) true
#else
#define CHANGED(r) (!m[r].up || !m[r].knows || m[r].sends == NEW)
#endif

#define FETCH(r) \
  i = r; \
  if \
  :: m[r].up && m[r].joined && !m[r].in_new -> m[r].wants = true; REGISTER_IF_REACHABLE \
  :: else \
  fi
#define CHANGE(r) \
  if \
  :: m[r].up && m[r].knows -> m[r].sends = NEW \
  :: else \
  fi
inline expire(r) {
  m[r].in_old = m[r].in_new;
  m[r].in_new = false;
  m[r].knows = false;
  if
  :: m[r].sends == NEW -> m[r].sends = OLD
  :: else -> m[r].sends = NONE
  fi;
#ifdef BREAK_FORGET
  m[r].list = m[r].list && m[r].in_old
#endif
}
#ifdef REPLAY
#define FILL(n) budget = n
#else
#define FILL(n) skip
#endif

init {
  byte i = 0;
  atomic {
    for (i : 0 .. 2) {
      run member(i)
    };
    i = 0;
    FILL(5);
    DONE(begins)
  }
  do
  :: atomic { phase == 0 && ALL_SETTLED -> phase = 1; FILL(5); DONE(time) }
  :: atomic { phase == 1 && ALL_SETTLED && FETCHED(0) && FETCHED(1) && FETCHED(2) ->
#ifdef REPLAY
       FETCH(0); FETCH(1); FETCH(2);
#endif
       phase = 2; FILL(3); i = 0; DONE(time) }
  :: atomic { phase == 2 && ALL_SETTLED ->
       phase = 3;
#ifdef REPLAY
       CHANGE(0); CHANGE(1); CHANGE(2);
#endif
       FILL(2); DONE(time) }
  :: atomic { phase == 3 && ALL_SETTLED && CHANGED(0) && CHANGED(1) && CHANGED(2) ->
       expire(0); expire(1); expire(2);
       phase = 0; FILL(5); DONE(time) }
  od
}
