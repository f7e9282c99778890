package simulator

// Sample data that every new [Simulator] holds, unless [Options.Empty]. The values
// are invented and stay the same between releases, so that examples can show them.
const (
	PublisherID   = 870553921
	PublisherName = "Example TV"

	// PublisherKey and SecondPublisherKey are both valid at the start, as two
	// keys during a rotation are. They are named "first" and "second".
	PublisherKey       = "simpk1-4Yb7QwE9sLr2Tn6Vx0Kd8Hf3Jc5Mz1Pa7Gu4Bo9Wi" // invented sample value
	SecondPublisherKey = "simpk2-9Fh3Xc6Rv1Nt8Zs4Lm0Ky7Dq2Wb5Ej9Ga3Uo6Pi1T" // invented sample value

	// CustomerEmail and CustomerPassword log in at POST /auths.
	CustomerEmail    = "jane@example.com"
	CustomerPassword = "Sunny-Day-42"
	CustomerID       = 100000001

	// OtherCustomerEmail has the same password and owns nothing.
	OtherCustomerEmail = "john@example.com"
	OtherCustomerID    = 100000002

	MonthlyOfferID = "S100000001_US" // subscription that the first customer owns
	YearlyOfferID  = "S100000002_US" // subscription, an upgrade of the monthly one
	FreeOfferID    = "S100000003_US" // subscription at price 0
	PassOfferID    = "P100000004_US" // pass of 30 days
	EventOfferID   = "E100000005_US" // live event
	RentalOfferID  = "R100000006_US" // rental of 48 hours
	SingleOfferID  = "A100000007_US" // one-time purchase

	CouponCode     = "SUMMER25" // 25 % off
	FreeCouponCode = "FREE100"  // 100 % off
	GiftCode       = "AB12-CD34"
	GiftID         = 500000001
)

// Sample are the defaults as data, for programs that print or pass them on.
type Sample struct {
	PublisherID      int      `json:"publisher_id"`
	PublisherKeys    []string `json:"publisher_keys"`
	CustomerEmail    string   `json:"customer_email"`
	CustomerPassword string   `json:"customer_password"`
	CustomerID       int      `json:"customer_id"`
	OfferIDs         []string `json:"offer_ids"`
	CouponCodes      []string `json:"coupon_codes"`
	GiftCode         string   `json:"gift_code"`
}

// Defaults returns the sample data set.
func Defaults() Sample {
	return Sample{
		PublisherID:      PublisherID,
		PublisherKeys:    []string{PublisherKey, SecondPublisherKey},
		CustomerEmail:    CustomerEmail,
		CustomerPassword: CustomerPassword,
		CustomerID:       CustomerID,
		OfferIDs:         []string{MonthlyOfferID, YearlyOfferID, FreeOfferID, PassOfferID, EventOfferID, RentalOfferID, SingleOfferID},
		CouponCodes:      []string{CouponCode, FreeCouponCode},
		GiftCode:         GiftCode,
	}
}
