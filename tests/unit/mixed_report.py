"""A report with every outcome."""

from __future__ import annotations

MIXED = b"""<?xml version="1.0"?><testsuites><testsuite name="a" tests="99" failures="99">
<testcase classname="k" name="passes" time="1,234.5"/>
<testcase classname="k" name="fails"><failure message="m" type="T">t</failure></testcase>
<testcase classname="k" name="errs"><error/></testcase>
<testcase classname="k" name="skips"><skipped/></testcase>
<testcase classname="k" name="flakes"><flakyFailure message="once"/></testcase>
</testsuite></testsuites>"""
