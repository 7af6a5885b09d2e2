"""FlakeGuard: finds, scores, triages and quarantines the flaky tests of GitHub repositories, in Slack."""
