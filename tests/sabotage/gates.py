"""Gates that planted faults must turn red: those that start processes or take long, by their short form."""

SIMULATION = "simulation"  # the gate: `make simulate`

_FOR_REAL = "tests/faults/test_for_real.py::"
_HOSTILE = "tests/web/test_hostile_many.py::test_nothing_that_a_client_sends_is_our_fault"

KILLS = "tests/faults/test_kills.py::test_kills_lose_nothing_and_double_nothing_unlisted[few-sqlite]"
WRITES = "tests/faults/test_writes.py::test_no_write_may_fail_at_the_cost_of_an_answer[few-kill]"
RESTARTED = f"{_FOR_REAL}test_a_postgresql_restarted_under_load_loses_no_answer[3]"
CUT = f"{_FOR_REAL}test_connections_cut_under_load_lose_no_answer[1]"
FULL = f"{_FOR_REAL}test_a_disk_that_is_full_for_a_while_costs_no_answer[1]"
TOLD = f"{_FOR_REAL}test_told_to_end_under_load_it_ends_in_time_and_leaves_no_doubt[4]"
STOPPED = f"{_FOR_REAL}test_an_owner_stopped_past_its_lease_does_no_harm_when_it_wakes[1]"
TOGETHER = "tests/faults/test_together.py::test_planners_and_workers_together_serve_each_person_once[1000]"
RELEASES = "tests/faults/test_releases.py::test_a_worker_of_the_release_before_sends_on[sqlite]"
MIGRATIONS = (
    "tests/faults/test_migrations.py::test_what_the_first_release_kept_is_there_in_this_one[sqlite-2000]"
)
SLOW = "tests/web/test_connection.py::test_each_slow_client_is_hung_up_on_within_ten_seconds[100-1-200]"
FROZEN_MANY = (
    "tests/store/test_database.py::test_a_transaction_that_stands_still_gives_back_what_it_locked[many]"
)
FROZEN_HINT = (
    "tests/engine/test_procrastinate.py::"
    "test_a_process_that_stands_still_as_it_hands_a_hint_over_holds_up_nobody"
)
HOSTILE_UPDATES = f"{_HOSTILE}[telegram-3000]"
HOSTILE_STRANGERS = f"{_HOSTILE}[stranger-3000]"

# too long for `make torture-quick`
LONG = frozenset({KILLS, RESTARTED, CUT, FULL, STOPPED, RELEASES, FROZEN_MANY, FROZEN_HINT})
