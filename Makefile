# What each target does is in the README. CMD, NAME and STACK are handed on; ONLY is a part of the tests, by its name.
.PHONY: demo test render status logs shell down clean

demo status down clean:
	@sandbox/run $@
test:
	@sandbox/run test "$(ONLY)"
render:
	@sandbox/run render --stack "$(STACK)" $(if $(CHECK),--check)
logs:
	@sandbox/run logs "$(NAME)"
shell:
	@sandbox/run shell "$(CMD)"
