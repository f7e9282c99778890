// Package flight makes one upstream call of identical ones that are asked for
// at the same time.
//
// [Group.Do] starts a call for a key, or joins the one that is under way. The
// call runs in a goroutine of the group and on a context of its own, which is
// cancelled when the last of its waiters has left, and not before: no waiter's
// leaving is felt by the others, the first one's neither. Its deadline is the
// latest and its urgency the most urgent of its waiters'; both grow as waiters
// join, and the call can follow them (see [Flight]).
//
// When the answer's header has come, [Call].Admit says who may have the
// answer. The waiter that is there longest streams it: its first byte is not
// delayed, and the body is read at the upstream's pace, not at that waiter's,
// into a buffer. The last piece of the body is shown when the answer has been
// stored, so that who has read it all finds it stored. The others get the whole
// answer when it is complete, each a response of its own over the same bytes. A
// body that outgrows the buffer goes on to the first waiter alone, and the
// others get [ErrReleased]. A body that ends early is nobody's complete answer:
// the first waiter gets what came and then the error, the others the error.
//
// An answer that will be stored ([Everyone]) can be joined until [Call].Store
// has run, so a newcomer finds either the flight or the entry, provided that
// Send looks once more for the entry before it goes upstream. An upstream that
// stalls within the body blocks no newcomer for longer than Options.Settle:
// after that the next one starts a call of its own.
package flight
