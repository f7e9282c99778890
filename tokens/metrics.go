package tokens

// Outcome is how a renewal ended: the category of its failure, or one of the
// constants below.
type Outcome string

// The outcomes of renewals that gave a token.
const (
	// Renewed: by a refresh or a login.
	Renewed Outcome = "renewed"
	// Adopted: another process had renewed already.
	Adopted Outcome = "adopted"
)

// Outcomes lists all values of Outcome.
func Outcomes() []Outcome {
	return []Outcome{
		Renewed, Adopted, Outcome(Permanent), Outcome(Transient), Outcome(Throttled),
		Outcome(Unreachable), Outcome(Malformed), Outcome(Storage),
	}
}

// Metrics counts what happens to credentials. Its methods are called
// concurrently and must not block.
type Metrics interface {
	// Renewal is called at the end of each renewal of a session.
	Renewal(credential string, outcome Outcome)
}

type noMetrics struct{}

func (noMetrics) Renewal(string, Outcome) {}
