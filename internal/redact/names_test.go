package redact

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestSensitiveNames(t *testing.T) {
	for name, want := range map[string]bool{
		"password": true, "newPassword": true, "refresh_token": true, "X-Publisher-Token": true, "jwt": true, "JWT": true,
		"customerEmail": true, "firstName": true, "e-mail": true, "ipAddress": true, "ip": true, "phoneNumber": true, "birthDate": true,
		"address2": true, "cvc": true, "IBAN": true, "captchaValue": true, "couponCode": true, "giftCode": true,
		"offerId": false, "title": false, "country": false, "code": false, "message": false, "": false, "shipping": false,
		"tokenType": false, "zipper": false, "active": false, "customerId": false, "id": false, "keyword": false,
		strings.Repeat("n", maxName+1): true,
	} {
		if got := sensitive(name); got != want {
			t.Errorf("sensitive(%q) = %v", name, got)
		}
	}
}

func TestVerdictsStayBoundedAndRight(t *testing.T) {
	r := plain()
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range maxVerdicts {
				in := fmt.Sprintf(`{"n%d_%d":"x","token%d_%d":"x"}`, g, i, g, i)
				want := fmt.Sprintf(`{"n%d_%d":"x","token%d_%d":"[redacted]"}`, g, i, g, i)
				if got := string(r.JSON([]byte(in))); got != want {
					t.Errorf("%s is shown as %s", in, got)
				}
			}
		})
	}
	all.Wait()
	if n := len(*r.names.current.Load()); n > maxVerdicts {
		t.Errorf("%d verdicts are remembered", n)
	}
}
