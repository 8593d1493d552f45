//! A host for icons, as panels have one: it takes the registration, reads the menu and clicks.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::mpsc, time::timeout};
use zbus::{
    Connection, Proxy, interface,
    message::Header,
    zvariant::{OwnedObjectPath, OwnedValue, Structure, Value},
};

use super::{Session, eventually};

/// Owns `org.kde.StatusNotifierWatcher` on the session's bus.
pub(crate) struct Tray {
    bus: Connection,
    registered: mpsc::UnboundedReceiver<(String, String)>,
}

/// The application's icon.
pub(crate) struct Item {
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

/// A line of the menu.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    id: i32,
    pub(crate) label: String,
    pub(crate) enabled: bool,
    pub(crate) checked: bool,
    pub(crate) lines: Vec<Line>,
}

struct Watcher(mpsc::UnboundedSender<(String, String)>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, path: String, #[zbus(header)] header: Header<'_>) {
        self.0.send((header.sender().unwrap().to_string(), path)).unwrap();
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        Vec::new()
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// A line of a menu as it is on the bus: its id, its properties and its children.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Tray {
    pub(crate) async fn open(session: &Session) -> Self {
        let bus = session.connect().await;
        let (registered, registrations) = mpsc::unbounded_channel();
        bus.object_server().at("/StatusNotifierWatcher", Watcher(registered)).await.unwrap();
        bus.request_name("org.kde.StatusNotifierWatcher").await.unwrap();
        Self { bus, registered: registrations }
    }

    /// The icon that registers next.
    pub(crate) async fn item(&mut self) -> Item {
        let registered = timeout(Duration::from_secs(20), self.registered.recv()).await;
        let (sender, path) = registered.expect("an icon within 20 s").unwrap();
        let proxy = async |path: String, interface: &'static str| -> Proxy<'static> {
            let builder = zbus::proxy::Builder::new(&self.bus).destination(sender.clone()).unwrap();
            let builder = builder.path(path).unwrap().interface(interface).unwrap();
            builder.cache_properties(zbus::proxy::CacheProperties::No).build().await.unwrap()
        };
        let item = proxy(path, "org.kde.StatusNotifierItem").await;
        let menu: OwnedObjectPath = item.get_property("Menu").await.unwrap();
        let menu = proxy(menu.to_string(), "com.canonical.dbusmenu").await;
        let item = Item { item, menu };
        // It is exported a moment after the icon has registered.
        eventually("the menu is there", async || item.layout().await.is_ok()).await;
        item
    }
}

impl Item {
    /// The file that the icon is drawn from.
    pub(crate) async fn icon(&self) -> Vec<u8> {
        let name: String = self.item.get_property("IconName").await.unwrap();
        std::fs::read(name).unwrap_or_default()
    }

    pub(crate) async fn menu(&self) -> Vec<Line> {
        let layout = self.layout().await.unwrap();
        let (_, (id, properties, children)): (u32, Layout) = layout.body().deserialize().unwrap();
        Line::of(id, &properties, &children).lines
    }

    async fn layout(&self) -> zbus::Result<zbus::Message> {
        self.menu.call_method("GetLayout", &(0_i32, -1_i32, Vec::<&str>::new())).await
    }

    /// The first line: the state in words.
    pub(crate) async fn status(&self) -> String {
        self.menu().await[0].label.clone()
    }

    /// The line with this label, or `None`.
    pub(crate) async fn line(&self, label: &str) -> Option<Line> {
        self.menu().await.into_iter().find(|line| line.label == label)
    }

    /// Clicks the line once it is there.
    pub(crate) async fn click(&self, label: &str) {
        eventually(&format!("the menu has {label:?}"), async || self.line(label).await.is_some()).await;
        let line = self.line(label).await.unwrap();
        assert!(line.enabled, "{label} can be clicked");
        let event = (line.id, "clicked", Value::from(""), 0_u32);
        self.menu.call_method("Event", &event).await.unwrap();
    }

    pub(crate) async fn until_status(&self, what: &str, holds: impl Fn(&str) -> bool) {
        eventually(&format!("the menu says {what}"), async || holds(&self.status().await)).await;
    }

    pub(crate) async fn until_on(&self) {
        self.until_status("that it is on", |status| status.starts_with("On: ")).await;
    }
}

impl Line {
    fn of(id: i32, properties: &HashMap<String, OwnedValue>, children: &[OwnedValue]) -> Self {
        let text = |name: &str| properties.get(name).and_then(|value| String::try_from(value.clone()).ok());
        let number = |name: &str| properties.get(name).and_then(|value| i32::try_from(value).ok());
        let lines = children.iter().map(|child| {
            let child = Structure::try_from(child.clone()).unwrap();
            let (id, properties, children) = Value::from(child).downcast().unwrap();
            Self::of(id, &properties, children_of(&children))
        });
        Self {
            id,
            // What is written twice is not underlined.
            label: text("label").unwrap_or_default().replace("__", "_"),
            enabled: properties.get("enabled").is_none_or(|value| bool::try_from(value).unwrap()),
            checked: number("toggle-state") == Some(1),
            lines: lines.collect(),
        }
    }
}

fn children_of(children: &Vec<OwnedValue>) -> &[OwnedValue] {
    children
}
