// Package decisions keeps what the product has decided: the inputs of a simulated month, and of the rarer cases that the
// tests know, with what came of them (testdata/decisions.jsonl.gz). Its test decides each of them again with the code of
// now. What is decided otherwise shows as a difference, field by field, and stays one until it is accepted, with a
// reason (testdata/accepted.txt).
//
//	case.go     what is kept of a decision
//	decide.go   a decision made anew, and what it says, line by line
//	rules.go    the rows of a field sheet as they are kept
//	keep.go     the file; sample.go: which of many cases are worth keeping
//	vary.go     cases that nobody has played
//	accepted.go differences that are wanted
//	record      the command that plays and records: make decisions
package decisions
