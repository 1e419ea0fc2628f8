from __future__ import annotations

from obdio.guard import BatteryGuard, GuardLimits
from obdio.link import FIRST_PAUSE_S, LONGEST_PAUSE_S, SILENT_ROUNDS, VOLTAGE_CHECK_S, Action, Link, LinkState


def in_car(guard: BatteryGuard | None = None) -> Link:
    link = Link(guard or BatteryGuard())
    link.opened(LinkState.CAR, "connected", 0.0)
    link.voltage(14.0, 0.0)
    return link


def test_it_opens_at_once_at_the_start() -> None:
    assert Link(BatteryGuard()).next_action(0.0) == (Action.OPEN, 0.0)


def test_a_missing_port_is_tried_with_growing_pauses() -> None:
    link = Link(BatteryGuard())
    now, pauses = 0.0, []
    for _ in range(8):
        link.opened(LinkState.NO_PORT, "no such file", now)
        action, until = link.next_action(now)
        assert action is Action.WAIT
        pauses.append(until - now)
        now = until
        assert link.next_action(now)[0] is Action.OPEN
    assert pauses[0] == FIRST_PAUSE_S
    assert pauses[1] == 2 * FIRST_PAUSE_S
    assert pauses[-1] == LONGEST_PAUSE_S


def test_in_the_car_it_polls_and_reads_the_voltage_now_and_then() -> None:
    link = in_car()
    assert link.next_action(1.0)[0] is Action.POLL
    assert link.next_action(VOLTAGE_CHECK_S)[0] is Action.READ_VOLTAGE


def test_a_lost_adapter_is_opened_again_after_a_pause() -> None:
    link = in_car()
    link.lost("gone", 10.0)
    assert link.state.name == "NO_PORT"
    assert link.next_action(10.0) == (Action.WAIT, 10.0 + FIRST_PAUSE_S)
    assert link.next_action(10.0 + FIRST_PAUSE_S)[0] is Action.OPEN


def test_silence_means_ignition_off_and_an_answer_in_between_does_not() -> None:
    link = in_car()
    for _ in range(SILENT_ROUNDS - 1):
        link.unanswered(1.0)
    link.answered()
    link.unanswered(1.0)
    assert link.state.name == "CAR"
    for _ in range(SILENT_ROUNDS):
        link.unanswered(2.0)
    assert link.state.name == "IGNITION_OFF"
    assert link.next_action(2.0)[0] is Action.WAIT
    assert link.next_action(2.0 + FIRST_PAUSE_S)[0] is Action.OPEN


def test_the_guard_puts_it_to_sleep_and_only_the_voltage_is_read_then() -> None:
    limits = GuardLimits(sleep_after_s=20.0, asleep_check_s=60.0)
    link = in_car(BatteryGuard(limits))
    link.voltage(12.4, 5.0)
    assert link.next_action(24.0)[0] is not Action.WAIT
    assert link.next_action(26.0) == (Action.WAIT, 86.0)
    assert link.state.name == "ASLEEP"
    assert link.next_action(86.0)[0] is Action.READ_VOLTAGE
    link.voltage(12.4, 86.0)
    assert link.next_action(87.0) == (Action.WAIT, 146.0)


def test_waking_initialises_the_link_anew() -> None:
    link = in_car(BatteryGuard(GuardLimits(sleep_after_s=20.0)))
    link.voltage(12.4, 5.0)
    link.next_action(26.0)
    link.voltage(14.2, 90.0)
    assert link.next_action(90.0)[0] is Action.OPEN
    assert link.state.name == "IGNITION_OFF"


def test_an_adapter_that_cannot_measure_is_not_asked_again() -> None:
    link = Link(BatteryGuard())
    link.opened(LinkState.CAR, "connected", 0.0)
    link.voltage(None, 5.0)
    assert link.voltage_due == float("inf")
    assert link.next_action(100.0)[0] is Action.POLL


def test_an_unreadable_voltage_is_asked_again_awake_and_asleep() -> None:
    link = in_car()
    link.voltage(None, 5.0)
    assert link.voltage_due == 5.0 + VOLTAGE_CHECK_S
    link.next_action(130.0)
    assert link.state is LinkState.ASLEEP
    assert link.next_action(200.0)[0] is Action.READ_VOLTAGE
    link.voltage(None, 200.0)
    assert link.next_action(200.0) == (Action.WAIT, 260.0)  # and not at once, without end
    link.voltage(14.2, 260.0)
    assert link.next_action(260.0)[0] is Action.OPEN


def test_closed_stays_closed_until_reopened() -> None:
    link = in_car()
    link.close("closed on request")
    assert link.next_action(1e6) == (Action.WAIT, float("inf"))
    link.reopen(1e6)
    assert link.next_action(1e6)[0] is Action.OPEN
