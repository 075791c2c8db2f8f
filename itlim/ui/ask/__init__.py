"""The Ask page: answer an instruction and color its tokens; compare the models of a family."""
