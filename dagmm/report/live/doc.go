// Package live is a web page over a monitor.Monitor: hosts with open alarms first, a page for
// each host with its metrics, the ranges that were expected, the energies, and its alarms with
// their reasons, and buttons for what an operator has to say. The page follows by itself.
//
// A Page is an http.Handler. It takes what its hooks receive, so they go into monitor.Config, and
// then the Monitor:
//
//	page := live.New(live.Config{})
//	m, err := monitor.Open(monitor.Config{ /* … */ Scored: page.Scored, Handle: page.Handle})
//	page.Watch(m)
//	http.ListenAndServe("127.0.0.1:8080", page)
//
// It holds its script and style and loads nothing from anywhere. All its addresses are relative,
// so it may be mounted below any path that ends in a slash, with http.StripPrefix.
//
// # Who may see it
//
// Without Config.Token only requests from the same computer, to a name of the loopback, are
// answered, and none that a proxy says it has forwarded. With a Token whoever has it may see and
// do everything: browsers through a form, programs with the header "Authorization: Bearer". There
// is no TLS: use http.ListenAndServeTLS, or put a proxy in front that hands on the header Host.
//
// # What it remembers
//
// The latest Config.Samples results of each host, the expected ranges of about 120 of them, and
// the latest 50 alarms and 50 events: some 35 kB for a host of four metrics. The values of the
// metrics, the verdicts and what is expected are the Monitor's, so they are there after a restart,
// as are open alarms. Energies and expected ranges are there again as samples come.
package live
