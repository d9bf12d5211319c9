//! Stages, typed environments of the apps, and the layers that fill them.
