from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.failures import cause, fingerprint, similarity, stack_trace
from bot.analysis.failures.cause import Category, Cause
from bot.analysis.model import FailureText


def key(message: str, text: str = "", kind: str = "AssertionError") -> bytes:
    return fingerprint.of_failure(FailureText(kind, message, text)).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("expected 3 to equal 4", "expected 17 to equal 5"),
        ("no such file /home/runner/work/a/a/x.txt", "no such file /__w/a/a/x.txt"),
        ("no such file tests/unit/x.txt", "no such file /home/me/a/tests/unit/x.txt"),
        ("<Cart at 0x7f00a1> is empty", "<Cart at 0x7fbbc2> is empty"),
        ("order 3f2b8c1e-0000-4000-8000-1234567890ab lost", "order aaaabbbb-0000-4000-8000-1234567890ab lost"),
        ("late since 2024-01-01T10:00:00Z", "late since 2025-06-07 11:12:13,456"),
        ("boom\nin run 1 of Tuesday", "boom\nin run 2 of Friday"),
    ],
)
def test_one_cause_has_one_fingerprint_over_runs_and_machines(one: str, other: str) -> None:
    assert key(one) == key(other)


def test_another_message_type_or_place_is_another_fingerprint() -> None:
    frame = 'Traceback:\n  File "/a/b/{}.py", line 3, in total\n'
    found = [
        key("cart is empty"),
        key("cart is full"),
        key("cart is empty", kind="ValueError"),
        key("cart is empty", frame.format("cart")),
        key("cart is empty", frame.format("order")),
    ]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ('  File "/a/cart.py", line 1, in pay\n  File "/a/bank.py", line 9, in call\n',
         '  File "/b/cart.py", line 7, in pay\n  File "/b/bank.py", line 12, in call\n'),
        ("E  assert 1\n\ntests/cart.py:12: AssertionError", "E  assert 2\n\ntests/cart.py:19: AssertionError"),
        ("\tat com.shop.Cart.total(Cart.java:10)\n\tat com.shop.Main.main(Main.java:2)",
         "\tat com.shop.Cart.total(Cart.java:11)\n\tat com.shop.Main.main(Main.java:5)"),
        ("    at async Cart.total (/a/cart.js:3:9)", "    at async Cart.total (/b/cart.js:4:1)"),
    ],
)  # fmt: skip
def test_lines_and_the_place_of_the_checkout_are_no_part_of_a_kind(text: str, other: str) -> None:
    assert key("x", text) == key("x", other) != key("x")


def test_one_cause_that_several_tests_meet_has_one_fingerprint() -> None:
    def text(test: str) -> str:
        return (
            f'  File "/a/tests/test_{test}.py", line 3, in test_{test}\n'
            '  File "/a/shop/bank.py", line 9, in pay\n  File "/usr/lib/python3.11/socket.py", line 1, in connect\n'
        )

    assert key("refused", text("cart")) == key("refused", text("order"))


def test_a_failure_in_the_test_itself_is_of_that_test() -> None:
    one, other = (f'  File "/a/tests/test_{name}.py", line 3, in test_{name}\n' for name in ("cart", "order"))
    assert key("assert 1 == 2", one) != key("assert 1 == 2", other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                'Traceback\n  File "/a/shop/cart.py", line 1, in pay\n  File "/a/shop/bank.py", line 2, in call\nE\n'
                "\nDuring handling of the above exception, another exception occurred:\n\n"
                '  File "/a/shop/api.py", line 3, in answer\n'
            ),
            ["bank.py call", "cart.py pay"],
        ),
        (
            (
                "java.lang.RuntimeException: x\n\tat com.shop.Api.answer(Api.java:1)\n"
                "Caused by: java.io.IOException: y\n\tat java.base/java.net.Socket.connect(Socket.java:1)\n"
                "\tat com.shop.Bank.call(Bank.java:3)\n\tat com.shop.CartTest.pays(CartTest.java:9)\n\t... 42 more"
            ),
            ["com.shop.Bank call"],
        ),
        (
            (
                "Error: x\n    at Object.<anonymous> (/w/node_modules/expect/build/index.js:2:1)\n"
                "    at total (/w/src/cart.ts:3:9)\n    at /w/src/cart.test.ts:8:1"
            ),
            ["cart.ts total"],
        ),
        (
            (
                "at System.IO.File.Open(String path)\n   at Shop.Cart.Load(String path) in C:\\w\\Cart.cs:line 3\n"
                "   at Shop.Tests.CartTests.Loads() in C:\\w\\CartTests.cs:line 9"
            ),
            ["Shop.Cart Load"],
        ),
        ("bei UnitTests.Cart.Zahlt() in C:\\w\\Cart.cs:Zeile 18.", ["UnitTests.Cart Zahlt"]),
        ("    cart_test.go:13: x = 3\n\t/usr/local/go/src/testing/testing.go:1595 +0xff", ["cart_test.go"]),
        ("thread 'main' panicked at src/cart.rs:43:9:\nboom", ["cart.rs"]),
        ("# ./spec/cart_spec.rb:12:in `block (2 levels) in <top (required)>'", ["cart_spec.rb block (n levels)"]),
        ("#0 /w/src/Cart.php(42): Bank->pay()\n#1 /w/tests/CartTest.php(3): pay()", ["Cart.php Bank->pay"]),
        ("/w/src/cart.cpp:72: Failure\nValue of: x", ["cart.cpp"]),
        ("test/cart_test.dart 21:7  main.<fn>.<fn>", ["cart_test.dart main.<fn>.<fn>"]),
        (
            (
                "    def test_pays():\n        cart = Cart()\n>       cart.pay()\n\ntests/test_cart.py:3: \n_ _ _\n\n"
                "    def pay(self):\n        def find(x):\n            return x\n>       raise ValueError\n"
                "E       ValueError\n\nshop/cart.py:9: ValueError"
            ),
            ["cart.py pay"],
        ),
        (
            "    def test_pays():\n>       assert 0\nE       assert 0\n\ntests/test_cart.py:3: AssertionError",
            ["test_cart.py test_pays"],
        ),
        (" \u276f total src/cart.ts:3:9\n \u276f test/cart.test.ts:8:1", ["cart.ts total"]),
        (" \u276f test/cart.test.ts:8:1", ["cart.test.ts"]),
        ("at Shop.Cart.Pay () [0x00012] in /w/Cart.cs:12", ["Shop.Cart Pay"]),
        (
            "    #0 0x55d in Cart::add(int) /w/src/cart.cc:12:3\n    #1 0x44 in main /w/main.cc:1",
            ["cart.cc Cart::add(int)", "main.cc main"],
        ),
        (
            "#0  0x0001 in Cart::add (this=0x0) at cart.cc:12\n#1  main () at main.cc:1",
            ["cart.cc Cart::add (this=0x0)", "main.cc main ()"],
        ),
        ("nothing of the kind", []),
    ],
)
def test_the_top_frames_are_those_of_the_project_in_every_language(text: str, expected: list[str]) -> None:
    found = [str(frame) for frame in stack_trace.top(text)]
    assert [one.replace("2 levels", "n levels").replace(" in <top (required)>", "") for one in found] == expected


def test_the_title_is_the_first_line_of_the_message_or_else_of_the_text() -> None:
    assert fingerprint.of_failure(FailureText("E", "\n first \nsecond", "text")).title == "first"
    assert fingerprint.of_failure(FailureText("E", "", "\ntext\nmore")).title == "text"
    assert fingerprint.of_failure(FailureText("E", "", "")).title == "E"


@pytest.mark.parametrize(
    ("message", "text", "title"),
    [
        (
            "Failed",
            "=== RUN   TestAdd\n    cart_test.go:10: expected 1, got 2\n--- FAIL: TestAdd (0.00s)\n",
            "expected 1, got 2",
        ),
        (
            "Failed",
            "    cart_test.go:7: \n\tError Trace:\tcart_test.go:7\n\tError:\tNot equal: \n",
            "Error:\tNot equal:",
        ),
        ("thread 'cart::adds' (17) panicked at src/cart.rs:3:9:\nempty cart", "", "empty cart"),
        ("thread 'cart::adds' panicked at 'empty cart', src/cart.rs:3:9", "", "empty cart"),
        (
            "/w/cart_test.cc:9\nExpected equality of these values:\n  total()\n  3",
            "",
            "Expected equality of these values: total()",
        ),
        (
            "test failure",
            'Traceback (most recent call last):\n  File "/w/a.py", line 3, in test\n    add(1)\nKeyError: 1',
            "KeyError: 1",
        ),
    ],
)
def test_the_title_passes_over_lines_that_say_only_that_or_where_it_failed(message: str, text: str, title: str) -> None:
    assert fingerprint.of_failure(FailureText("", message, text)).title == title


def test_causes_that_a_framework_announces_alike_have_fingerprints_of_their_own() -> None:
    texts = ["expected 1, got 2", "dial tcp: connection refused", "boom"]
    kinds = {fingerprint.of_failure(FailureText("", "Failed", f"    cart_test.go:10: {text}")).key for text in texts}
    assert len(kinds) == 3
    one, other = (FailureText("", "Failed", f"    cart_test.go:10: {text}") for text in texts[:2])
    assert alike(one, other) < similarity.ALIKE


def test_one_panic_that_two_tests_meet_has_one_fingerprint() -> None:
    texts = [
        f"thread 'cart::{test}' ({number}) panicked at src/cart.rs:{number}:9:\nempty cart"
        for number, test in enumerate("ab")
    ]
    assert len({fingerprint.of_failure(FailureText("", text, text)).key for text in texts}) == 1


@pytest.mark.parametrize(
    ("message", "category", "evidence"),
    [
        ("No space left on device", Category.RESOURCE, "No space left on device"),
        ("FATAL: sorry, too many clients already", Category.RESOURCE, "too many clients"),
        (
            "HikariPool-1 - Connection is not available, request timed out",
            Category.RESOURCE,
            "HikariPool-1 - Connection is not available, request timed out",
        ),
        ("503 Service Unavailable", Category.NETWORK, "503 Service Unavailable"),
        ("Max retries exceeded with url: /", Category.NETWORK, "Max retries exceeded"),
        ("testing.go:1465: race detected during execution of test", Category.CONCURRENCY, "race detected"),
        ("Collection was modified; enumeration may not execute", Category.CONCURRENCY, "Collection was modified"),
        ("Error: Condition never satisfied", Category.ASYNC_WAIT, "Condition never satisfied"),
        ("expected: 2024-01-31 but was: 2024-02-01", Category.TIME, "2024-01-31 but was: 2024-02-01"),
        ("*** Failed! Falsifiable (after 3 tests):", Category.RANDOMNESS, "Falsifiable"),
        ("1.0000001 != 1.0 within 7 places", Category.FLOATING_POINT, "within 7 places"),
        ("assert 1.0 == 1.1 ± 1.0e-06", Category.FLOATING_POINT, "1 ± 1"),
        ("java.nio.file.NoSuchFileException: x", Category.IO, "NoSuchFileException"),
        ("EBUSY: resource busy or locked, unlink 'x'", Category.IO, "EBUSY"),
        ("x: libz.so: cannot open shared object file: No such file", Category.ENVIRONMENT, "cannot open shared object"),
        ("OSError: [Errno 98] Address already in use", Category.PORT, "Address already in use"),
        ("ConnectionRefusedError: connection refused", Category.NETWORK, "ConnectionRefusedError"),
        ("dial tcp 10.0.0.1:5432: i/o timeout", Category.NETWORK, "dial tcp"),
        ("java.lang.OutOfMemoryError: Java heap space", Category.RESOURCE, "OutOfMemoryError"),
        ("deadlock detected", Category.CONCURRENCY, "deadlock"),
        ("WARNING: DATA RACE", Category.CONCURRENCY, "DATA RACE"),
        ("java.util.concurrent.TimeoutException: x", Category.ASYNC_WAIT, "TimeoutException"),
        ("AssertionError: timed out after 5 s", Category.ASYNC_WAIT, "timed out"),
        ("Exceeded timeout of 5000 ms for a test", Category.ASYNC_WAIT, "timeout"),
        ("duplicate key value violates constraint", Category.ORDER, "duplicate key"),
        ("off by one day at midnight", Category.TIME, "off by one day"),
        ("random.choice gave 3", Category.RANDOMNESS, "random"),
        ("Falsifying example: test(n=0)", Category.RANDOMNESS, "Falsifying example"),
        ("0.30000000000000004 != 0.3", Category.FLOATING_POINT, "0.30000000000000004"),
        ("lists have a different order", Category.UNORDERED, "different order"),
        ("FileNotFoundError: x", Category.IO, "FileNotFoundError"),
        ("EACCES: open '/x'", Category.IO, "EACCES"),
        ("sh: 1: protoc: command not found", Category.ENVIRONMENT, "command not found"),
        ("ModuleNotFoundError: No module named 'x'", Category.ENVIRONMENT, "ModuleNotFoundError"),
        ("Segmentation fault", Category.CRASH, "Segmentation fault"),
        ("TypeError: x is not a function", Category.CODE_ERROR, "TypeError"),
        ("System.NullReferenceException : Object reference not set", Category.CODE_ERROR, "NullReferenceException"),
        ("assert 1 == 2", Category.ASSERTION, "assert"),
        ("Erwartet: 3", Category.ASSERTION, "Erwartet"),
        ("thread 'main' panicked at src/a.rs:1:2: assertion failed: x", Category.ASSERTION, "assertion"),
        ("thread 'main' panicked at src/a.rs:1:2: boom", Category.CRASH, "panicked"),
        ("it broke", Category.UNKNOWN, ""),
    ],
)
def test_the_likely_cause_is_told_with_the_words_that_told_it(message: str, category: Category, evidence: str) -> None:
    assert fingerprint.of_failure(FailureText("", message, "")).cause == Cause(category, evidence)


def test_a_traceback_on_a_runner_is_neither_a_race_nor_an_outage() -> None:
    text = 'Traceback (most recent call last):\n  File "/home/runner/work/shop/update.py", line 3, in validate\n'
    assert (
        fingerprint.of_failure(FailureText("AssertionError", "assert 1 == 2", text)).cause.category
        is Category.ASSERTION
    )
    assert fingerprint.of_failure(FailureText("", "", text)).cause.category is Category.UNKNOWN


def test_an_assertion_around_a_narrower_cause_yields_to_it() -> None:
    found = cause.find(FailureText("AssertionError", "assert 1 == 2", "E   ConnectionResetError: reset by peer\n"))
    assert found == Cause(Category.NETWORK, "ConnectionResetError")


def test_code_that_is_quoted_is_no_evidence() -> None:
    text = ">   wait_until_timeout(clock, random.seed(3))\nE   assert 1 == 2\ntests/test_a.py:3: AssertionError"
    assert cause.find(FailureText("", "", text)) == Cause(Category.ASSERTION, "assert")


def alike(one: FailureText, other: FailureText) -> float:
    signed = [similarity.sign(each, cause.find(each).category) for each in (one, other)]
    return signed[0].similarity(signed[1])


def raised(message: str, function: str = "total") -> FailureText:
    return FailureText("AssertionError", message, f'  File "/a/shop/cart.py", line 3, in {function}\n')


def test_failures_that_differ_in_what_they_quote_or_in_a_sentence_are_nearly_the_same() -> None:
    assert alike(raised("expected 'ana' to be 'ben'"), raised("expected 'chloe' to be 'dan'")) == 1
    longer = "The order of the customer was not found in the list of the open orders of this shop"
    assert alike(raised(longer), raised(f"{longer}; it may be closed")) > similarity.ALIKE


def test_failures_that_say_something_else_or_say_it_elsewhere_are_not() -> None:
    assert alike(raised("expected 3 to be 4"), raised("the cart has no such item in it at all")) < similarity.ALIKE
    assert alike(raised("expected 3 to be 4"), raised("expected 3 to be 4", "discount")) < similarity.ALIKE


def test_one_outage_met_at_two_places_is_one_cluster() -> None:
    message = "could not connect to server at 10.0.0.1: Connection refused. Is the server running on that host?"
    assert alike(raised(message), raised(message, "discount")) > similarity.ALIKE


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_signature_is_the_same_in_every_run_and_survives_being_stored(message: str, text: str) -> None:
    failure = FailureText("E", message, text)
    signature = similarity.sign(failure, Category.UNKNOWN)
    assert similarity.Signature.from_bytes(signature.to_bytes()) == signature
    assert signature == similarity.sign(failure, Category.UNKNOWN)
    assert signature.similarity(signature) == 1
    assert len(signature.bands) == 16


def test_the_oldest_of_the_most_alike_gives_its_cluster_and_none_does_where_none_is_alike() -> None:
    mine, other = (
        similarity.sign(raised(message), Category.ASSERTION) for message in ("expected 1", "no such customer")
    )
    known = [similarity.KnownKind(7, 70, mine), similarity.KnownKind(3, 30, mine), similarity.KnownKind(1, 10, other)]
    assert similarity.cluster_of(mine, known) == 30
    assert similarity.cluster_of(mine, known[2:]) is None
    assert similarity.cluster_of(mine, []) is None


@pytest.mark.parametrize(
    "unit",
    [
        "\n",
        " ",
        ".",
        "/a",
        "a.",
        "1.",
        'File "',
        "at a",
        "/",
        "\\",
        "at a(",
        "'",
        "[",
        "tmp1",
        "#0 a.php(",
        "E\t",
        "\t",
        "a.go:1: ",
        "', ",
    ],
)
def test_a_text_made_to_be_slow_is_read_like_any_other(unit: str) -> None:
    text = "x" + unit * (16_000 // len(unit)) + "x"
    failure = FailureText(text[:1000], text[:4000], text)
    assert len(fingerprint.of_failure(failure).key) == 16
    assert similarity.sign(failure, Category.UNKNOWN).minima


PYTEST = """\
def test_total():
>       assert filled_cart().checkout("SPRING") == Decimal("43.20")

tests/test_checkout.py:18:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _
shop/discount.py:40: in rate
    return self._ask(code, timeout=2)
E   TimeoutError: the discount service did not answer within 2 s

shop/service.py:12: TimeoutError
"""


@pytest.mark.parametrize(
    ("message", "text", "expected"),
    [
        (
            "TimeoutError: the discount service did not answer within 2 s",
            PYTEST,
            "TimeoutError: the discount service did not answer within 2 s\n  shop/service.py:12: TimeoutError",
        ),
        (
            "",
            PYTEST,
            "TimeoutError: the discount service did not answer within 2 s\n  shop/service.py:12: TimeoutError",
        ),
        (
            "expected 3 to be 4",
            "Error: expected 3 to be 4\n    at Object.<anonymous> (src/cart.test.ts:8:3)\n    at node:internal/x:1:2",
            "expected 3 to be 4\n  at Object.<anonymous> (src/cart.test.ts:8:3)",
        ),
        ("assert 1 == 2\n +  where 1 = f()\na\nb", "", "assert 1 == 2\n +  where 1 = f()\na"),
        ("at shop/cart.py:3", "at shop/cart.py:3", "at shop/cart.py:3"),
        ("", "", ""),
    ],
)
def test_an_excerpt_is_what_was_said_and_where_in_the_project(message: str, text: str, expected: str) -> None:
    assert fingerprint.excerpt(message, text) == expected


@given(st.text(max_size=2000), st.text(max_size=2000))
def test_an_excerpt_of_any_text_fits_a_card(message: str, text: str) -> None:
    assert len(fingerprint.excerpt(message, text)) < 256
