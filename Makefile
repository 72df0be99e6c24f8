# What each target does is in the README. CMD and NAME are handed on; ONLY is one of typecheck, lint, unit, e2e, foreign.
.PHONY: demo test status logs shell down clean

demo status down clean:
	@sandbox/run $@
test:
	@sandbox/run test "$(ONLY)"
logs:
	@sandbox/run logs "$(NAME)"
shell:
	@sandbox/run shell "$(CMD)"
