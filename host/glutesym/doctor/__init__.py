"""Whether this computer is fit for pods: one file a subject, each check tells what it found."""
