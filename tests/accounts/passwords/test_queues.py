"""One password at a time is checked."""

import threading

from accounts.passwords.queues import Queue


def test_one_at_a_time_has_its_turn_and_a_full_queue_sends_away():
    queue = Queue(waiting_at_most=2)
    begun, end = threading.Event(), threading.Event()
    turns: list[bool] = []

    def hold() -> None:
        with queue.turn() as has_turn:
            turns.append(has_turn)
            begun.set()
            end.wait(10)

    def wait() -> None:
        with queue.turn(10) as has_turn:
            turns.append(has_turn)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(10)
    with queue.turn(0.01) as has_turn:
        assert not has_turn  # it waited, and left its place
    waiting = [threading.Thread(target=wait) for _ in range(2)]
    for thread in waiting:
        thread.start()
    while queue._places._value:
        end.wait(0.01)
    with queue.turn(10) as has_turn:
        assert not has_turn  # at once: all places are taken
    assert turns == [True]
    end.set()
    for thread in (holder, *waiting):
        thread.join(10)
    assert turns == [True] * 3
    with queue.turn() as has_turn:
        assert has_turn


def test_an_error_during_a_turn_ends_it():
    queue = Queue(waiting_at_most=0)
    for _ in range(3):
        try:
            with queue.turn() as has_turn:
                assert has_turn
                raise ValueError
        except ValueError:
            pass
