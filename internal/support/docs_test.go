package support

import (
	"os"
	"strings"
	"testing"
)

// rows of docs/diagnosis.md, in the order of the table.
var documentedCodes = [][]string{
	{BadPassword, CredentialMissing, WrongScheme, CredentialMalformed, CredentialExpired, InsufficientPermission, AddressNotAllowed, CredentialInvalid, Unknown},
	{CaptchaRequired, CaptchaFailed, ForeignConsumer, LimitExceeded, Burst},
	{WaitedRenewal, WaitedInLine, Throttled, WaitedBackoff, SlowUpstream},
	{UpstreamFault, Rejected, CallerGone, Answered},
}

// TestEveryCauseIsDocumented keeps docs/diagnosis.md in step with the words
// that the program says.
func TestEveryCauseIsDocumented(t *testing.T) {
	const path = "../../docs/diagnosis.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, group := range documentedCodes {
		for _, c := range group {
			d := Explain(c)
			listed[c] = true
			if row := "| `" + c + "` | " + d.Sentence + " | " + d.Next + " |\n"; !strings.Contains(string(page), row) {
				t.Errorf("docs/diagnosis.md lacks the row\n%s", row)
			}
		}
	}
	if d := unknownThrottle; !strings.Contains(string(page), "| `"+d.Code+"` | "+d.Sentence+" | "+d.Next+" |\n") {
		t.Errorf("docs/diagnosis.md lacks the row of a 429 that is %s", d.Code)
	}
	for c := range explanations {
		if !listed[c] {
			t.Errorf("%s is not listed", c)
		}
	}
}
