//! Whether a release must be deployed: by what it is made from now and was made from last, and by what is left of it in the
//! cluster.

use std::collections::BTreeMap;

use super::{objects::ObjectName, ownership::Mark, record::Record, revision::Revision, wish::Wanted};
use crate::kube::workload::Workload;

const NO_RECORD: &str =
    "its last deploy did not end well, or plasma-releases has no record of it that this plasma can read";

/// What to do with a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as it should be, and runs.
    Unchanged,
    /// It is as it should be; these workloads are not available at the moment.
    Wait(Vec<String>),
    /// It must be installed or upgraded, for these reasons.
    Deploy(Vec<String>),
}

/// What the cluster knows of a release.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    pub(crate) revision: Option<&'a Revision>,
    pub(crate) record: Option<&'a Record>,
    pub(crate) workloads: &'a [Workload],
}

/// Decides about a release. `marks` are the objects of all releases that exist.
pub(crate) fn decide(wanted: &Wanted, known: Known<'_>, marks: &BTreeMap<ObjectName, Mark>) -> Verdict {
    let Some(revision) = known.revision else {
        return Verdict::Deploy(vec!["it is not installed".to_owned()]);
    };
    if revision.is_pending() {
        return Verdict::Deploy(vec![format!(
            "helm was interrupted in its revision {}",
            revision.number
        )]);
    }
    if !revision.is_deployed() {
        return Verdict::Deploy(vec![format!(
            "its revision {} is {}",
            revision.number, revision.status
        )]);
    }
    let Some(record) = known.record else {
        return Verdict::Deploy(vec![NO_RECORD.to_owned()]);
    };
    let mut causes = wanted.inputs.changes_since(&record.inputs);
    if record.revision != revision.number {
        causes.push(format!(
            "helm made its revision {}, and plasma did not",
            revision.number
        ));
    }
    for (object, mark) in &record.objects {
        match marks.get(object) {
            None => causes.push(format!("{} was deleted", object.title())),
            Some(found) if found != mark => {
                causes.push(format!("{} was changed by somebody", object.title()));
            }
            Some(_) => {}
        }
    }
    if !causes.is_empty() {
        return Verdict::Deploy(causes);
    }
    let waiting: Vec<String> = known
        .workloads
        .iter()
        .filter(|it| !it.is_available())
        .map(|it| format!("{} {}: {} of {} ready", it.kind, it.name, it.ready, it.wanted))
        .collect();
    if waiting.is_empty() {
        Verdict::Unchanged
    } else {
        Verdict::Wait(waiting)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::release::inputs::Inputs;

    fn wanted(log: &str) -> Wanted {
        let mut inputs = Inputs::default();
        inputs.digest("PS_LOG (envs/hmlet/local.yaml)", log);
        Wanted {
            name: "photos".into(),
            chart: "chart".into(),
            values: "backend.yaml".into(),
            generated: String::new(),
            inputs,
        }
    }

    fn deployed() -> Revision {
        Revision {
            number: 3,
            status: "deployed".into(),
        }
    }

    fn object() -> ObjectName {
        ObjectName {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            name: "photos".into(),
        }
    }

    fn marks(generation: &str) -> BTreeMap<ObjectName, Mark> {
        BTreeMap::from([(object(), Some(generation.to_owned()))])
    }

    fn causes(verdict: Verdict) -> String {
        match verdict {
            Verdict::Deploy(causes) => causes.join("; "),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn only_the_same_inputs_and_whole_objects_are_unchanged() {
        let wanted = wanted("info");
        let record = Record::new(wanted.inputs.clone(), 3, marks("7"));
        let revision = deployed();
        let known = Known {
            revision: Some(&revision),
            record: Some(&record),
            workloads: &[],
        };
        assert_eq!(decide(&wanted, known, &marks("7")), Verdict::Unchanged);
        assert_eq!(
            causes(decide(&wanted, known, &BTreeMap::new())),
            "Deployment photos was deleted"
        );
        assert_eq!(
            causes(decide(&wanted, known, &marks("8"))),
            "Deployment photos was changed by somebody"
        );
        let other = super::tests::wanted("debug");
        assert_eq!(
            causes(decide(&other, known, &marks("7"))),
            "PS_LOG (envs/hmlet/local.yaml) changed"
        );
    }

    #[test]
    fn what_did_not_end_well_is_deployed_again() {
        let wanted = wanted("info");
        let record = Record::new(wanted.inputs.clone(), 3, marks("7"));
        let decide = |status: &str, number: u32, record: Option<&Record>| {
            let revision = Revision {
                number,
                status: status.into(),
            };
            causes(decide(
                &wanted,
                Known {
                    revision: Some(&revision),
                    record,
                    workloads: &[],
                },
                &marks("7"),
            ))
        };
        assert_eq!(
            decide("pending-upgrade", 4, Some(&record)),
            "helm was interrupted in its revision 4"
        );
        assert_eq!(decide("failed", 4, Some(&record)), "its revision 4 is failed");
        assert_eq!(decide("deployed", 3, None), NO_RECORD);
        assert_eq!(
            decide("deployed", 4, Some(&record)),
            "helm made its revision 4, and plasma did not"
        );
        assert_eq!(
            causes(super::decide(&wanted, Known::default(), &marks("7"))),
            "it is not installed"
        );
    }

    #[test]
    fn a_workload_that_is_not_available_is_waited_for() {
        let wanted = wanted("info");
        let record = Record::new(wanted.inputs.clone(), 3, marks("7"));
        let revision = deployed();
        let workload = Workload {
            kind: "Deployment",
            name: "photos".into(),
            wanted: 2,
            ready: 1,
            settled: true,
            ..Workload::default()
        };
        let workloads = [workload];
        let known = Known {
            revision: Some(&revision),
            record: Some(&record),
            workloads: &workloads,
        };
        let Verdict::Wait(waiting) = decide(&wanted, known, &marks("7")) else {
            unreachable!()
        };
        assert_eq!(waiting.first().unwrap(), "Deployment photos: 1 of 2 ready");
    }
}
