package core

// Instance is what is set for the whole instance.
type Instance struct {
	RootTeam    int64 // row of the first team, which may change what is set here
	APIDisabled bool  // tokens are refused, but for turning the API on again
	// LegacyGet lets GET ask for deployments, starts and stops, as clients of Coolify before 4.2 do.
	LegacyGet bool
}
