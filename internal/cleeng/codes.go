package cleeng

// Code names the reason of a failure: a code of Cleeng's own, or one of the
// made-up ones below for reasons that upstream says only in words or numbers.
// It is empty if the body gives none. Codes that are not listed here are
// passed on as they were read.
type Code string

// Codes of MediaStore and in-app (Cleeng documentation, error tables of the
// single endpoints).
const (
	CodeNone Code = ""

	CodeBadBody    Code = "REQ0001"
	CodeBadQuery   Code = "REQ0002"
	CodeBadPath    Code = "REQ0003"
	CodeBadHeaders Code = "REQ0004"
	CodeNoSuchItem Code = "REQ0100" // offer or publisher

	CodeJWTMissing   Code = "AUTH0001"
	CodeJWTInvalid   Code = "AUTH0002"
	CodeTokenExpired Code = "AUTH0003" // in a client's list only
	CodeResetToken   Code = "AUTH0004" // of a password reset

	CodeBadPassword    Code = "USER0001"
	CodeCustomerExists Code = "USER0002"
	CodeNotAssociated  Code = "USER0003" // customer and publisher
	CodeNoSuchCustomer Code = "USER0004"

	CodeCaptchaRequired Code = "CPT0001"
	CodeCaptchaFailed   Code = "CPT0002"

	CodeNoSuchOrder      Code = "ADYEN0001"
	CodePaymentRefused   Code = "ADYEN0002"
	CodePaymentCancelled Code = "ADYEN0003"
	CodePaymentError     Code = "ADYEN0004"
	CodePaymentFailed    Code = "ADYEN0005"

	CodeLocked1 Code = "SK2C0101" // by a concurrent request for the same purchase
	CodeLocked3 Code = "SK2C0103"
	CodeLocked4 Code = "SK2C0104"
)

// Codes made of JSON-RPC error numbers: the number behind "RPC".
const (
	CodeRPCCustomerToken  Code = "RPC1" // empty or invalid
	CodeRPCPublisherToken Code = "RPC3" // empty or invalid
	CodeRPCNoSuchOffer    Code = "RPC4"
	CodeRPCEnterprise     Code = "RPC5"
	CodeRPCAddressLimit   Code = "RPC14" // a customer's count of addresses, not an allow-list
	CodeRPCBadPassword    Code = "RPC15"
)

// Numbers of JSON-RPC errors.
const (
	RPCCustomerToken  = 1
	RPCPublisherToken = 3
	// RPCServerError is the number of an error made on the way, from the range
	// that JSON-RPC 2.0 section 5.1 leaves to servers.
	RPCServerError = -32000
)

// Codes for reasons that come as words only. The words of the gateway are
// those of AWS API Gateway, which Cleeng is inferred to use.
const (
	CodeGatewayThrottled    Code = "gateway:throttled"
	CodeGatewayUnauthorized Code = "gateway:unauthorized"
	CodeGatewayExpired      Code = "gateway:expired"
	CodeGatewayForbidden    Code = "gateway:forbidden"
	CodeGatewayNoRoute      Code = "gateway:no_route"
	// CodeRefreshDead is a refresh token that was used, has expired or never
	// existed.
	CodeRefreshDead Code = "refresh:dead"
)

// words maps messages, in lower case, to codes.
var words = map[string]Code{
	"too many requests":                          CodeGatewayThrottled,
	"limit exceeded":                             CodeGatewayThrottled,
	"unauthorized":                               CodeGatewayUnauthorized,
	"the incoming token has expired":             CodeGatewayExpired,
	"forbidden":                                  CodeGatewayForbidden,
	"missing authentication token":               CodeGatewayNoRoute,
	"refresh token is expired or does not exist": CodeRefreshDead,
}

// Captcha reports whether a human check is asked for.
func (c Code) Captcha() bool { return c == CodeCaptchaRequired || c == CodeCaptchaFailed }

// JWT reports whether the code says that a customer's JWT is missing, invalid
// or expired. USER0001, a wrong password, comes with the same status and is
// none of these.
func (c Code) JWT() bool {
	switch c {
	case CodeJWTMissing, CodeJWTInvalid, CodeTokenExpired, CodeGatewayExpired:
		return true
	}
	return false
}
