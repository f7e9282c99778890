// Package support answers two questions about a call that went wrong: why, and
// what to send to the vendor's support.
//
// The first is [Diagnose]: a table of causes, tried from the most certain to
// the least. It gives a code, the facts that led to it, the causes that they
// rule out, and the next step that the vendor's guide advises (Cleeng
// documentation, "How to understand and resolve common API errors").
//
// The second is [Bundle]: a zip that answers the guide's list of what to
// collect before an escalation, point by point, with the exchange as HAR 1.2
// and as curl lines that reproduce it. It is made of a record of the journal,
// which was masked when it was captured; nothing here sees a secret. Masks get
// tags of the bundle's own, equal for equal values, and before anything is
// handed out every part is searched for every secret that the process knows.
package support
