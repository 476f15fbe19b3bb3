package dataversesim

import "fmt"

// Error codes of Dataverse that the simulator answers with.
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/web-service-error-codes
const (
	codeBadRequest      = "0x80060888"
	codePayload         = "0x80048d19"
	codeInvalidArgument = "0x80040203"
	codeNotFound        = "0x80040217"
	codeNoKeyRow        = "0x80060891"
	codeVersion         = "0x80060882"
	codeNoConcurrency   = "0x8006088D"
	codeDuplicate       = "0x80040237"
	codeDuplicateKey    = "0x80060892"
	codeTooLong         = "0x80044331"
	codeOption          = "0x8004431A"
	codeIntRange        = "0x8004432F"
	codeDecimalRange    = "0x80044330"
	codeWrongType       = "0x80044354"
	codeMinDate         = "0x80040239"
	codeNoCurrency      = "0x80048cfb"
	codeStatusOfState   = "0x80048408"
	codeUseWinLose      = "0x80100005"
	codeAlreadyClosed   = "0x80040515"
	codeAlreadyOpen     = "0x8004051a"
	codeInactive        = "0x80040230"
	codeNoUser          = "0x80072560"
	codeExpired         = "0x8004A101"
	codePrivilege       = "0x80040220"
	codeTrackingOff     = "0x80072491"
	codeTokenExpired    = "0x80044352"
	codeNotImplemented  = "0x80040800"
	codePlugin          = "0x80040265"
	codeAccess          = "0x80048306"
	codeSecuredCreate   = "0x8004F504"
	codeSecuredUpdate   = "0x8004F507"
	codeUnknownColumn   = "0x0"
	codeUnknownTable    = "0x8006088a"
	codeCannotClose     = "0x80040516"
	codeCurrencyChange  = "0x80100004"
	codeDisabledUser    = "0x80041d1f"
	codeNoRoles         = "0x80042f09"
	codeNoLicence       = "0x80042f0a"
	codeLooksDuplicate  = "0x80040333"
	codeBadCharacter    = "0x80040278"
	codeLeadNotOpen     = "0x80040511"
	codeReadOnly        = "0x80040232"

	// of definitions and customisations
	codeCustomizing        = "0x80071151"
	codeInvalidName        = "0x80044a03"
	codeColumnExists       = "0x80047013"
	codeTableExists        = "0x80060304"
	codeKeyNameExists      = "0x80060893"
	codeKeyExists          = "0x80060894"
	codeKeyColumn          = "0x80090112"
	codeChoiceExists       = "0x80044345"
	codeChoiceInUse        = "0x80048417"
	codeRelationshipExists = "0x8004432B"
	codeRelationshipName   = "0x8004432A"
	codeParental           = "0x8004432D"
	codeManaged            = "0x8004F032"
	codeDependents         = "0x8004F01F"
	codeInvalidOperation   = "0x8004023b"
	codeManagedSolution    = "0x8004F00E"
	codeNoSolution         = "0x8004F026"
	codeSolutionName       = "0x8004F002"
	codeSolutionTaken      = "0x8004F023"
	codeNoComponent        = "0x80048537"
	codeAssociated         = "0x80040227"
	codeReadOnlyDelete     = "0x80040228"
	codeBadXML             = "0x80040201"
	codeNoFetchTable       = "0x80041102"
	codeNoFetchColumn      = "0x80041103"
	codeNoFormColumn       = "0x8004F65A"
	codeLabelTwice         = "0x8004F658"
	codeCannedView         = "0x8004022f"
	codeNoImage            = "0x80044184"
	codeForeignProcess     = "0x80045040"
	codeActiveProcess      = "0x80045002"
	codeActiveProcessGone  = "0x8004500F"
	codeManagedProcess     = "0x80072457"
	codeNoZip              = "0x80048061"
	codeMissingFile        = "0x80048060"
	codeBadManifest        = "0x80160001"
	codeBadCustomizations  = "0x80048463"
	codeMissingDependency  = "0x80072039"
	codeModesDiffer        = "0x8004F039"
	codeOlderVersion       = "0x8004F03A"
	codeNoPrivilege        = "0x80040221"
	codeRootMissing        = "0x80048536"
	codeNoRelationship     = "0x80048548"
	codeTypeDiffers        = "0x80044191"
	codeResourceName       = "0x8004F115"
	codeResourceContent    = "0x8004F11A"
	codeNoResource         = "0x8004F118"
)

// apiError is an answer of the Web API that refuses a request.
type apiError struct {
	status     int
	code       string
	message    string
	retryAfter int // seconds, with 429
}

func (e *apiError) Error() string { return e.message }

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) *apiError {
	return fail(501, codeNotImplemented, "Not simulated: "+format, args...)
}
