"""Addresses of the warehouse."""

from django.urls import path

from warehouse import views

app_name = "warehouse"
urlpatterns = [
    path("goods-in/", views.ArrivalQueueView.as_view(), name="arrivals"),
    path("goods-in/<int:pk>/", views.ReceiveView.as_view(), name="receive"),
    path("inspections/", views.InspectionQueueView.as_view(), name="inspections"),
    path("inspections/<int:pk>/", views.InspectionView.as_view(), name="inspection"),
    path("inspections/<int:pk>/rejected/", views.ClearRejectedView.as_view(), name="clear_rejected"),
    path("lots/<int:pk>/day/", views.DateLotView.as_view(), name="date_lot"),
    path("lots/<int:pk>/block/", views.HoldLotView.as_view(), name="hold_lot"),
    path("lots/<int:pk>/unblock/", views.LiftLotView.as_view(), name="lift_lot"),
    path("release/", views.ReleaseQueueView.as_view(), name="release_queue"),
    path("release/orders/", views.ReleaseOrdersView.as_view(), name="release"),
    path("waves/", views.WaveQueueView.as_view(), name="waves"),
    path("waves/<int:pk>/", views.WaveView.as_view(), name="wave"),
    path("waves/<int:pk>/pick-list/", views.PickListView.as_view(), name="pick_list"),
    path("tasks/<int:pk>/pick/", views.PickTaskView.as_view(), name="pick_task"),
    path("tasks/<int:pk>/empty/", views.CheckEmptyView.as_view(), name="check_empty"),
    path("tasks/<int:pk>/short/", views.ShortTaskView.as_view(), name="short_task"),
    path("counts/", views.CountQueueView.as_view(), name="counts"),
    path("counts/<int:pk>/", views.CountView.as_view(), name="count"),
    path("pick/orders/", views.PickOrdersView.as_view(), name="pick"),
    path("put-backs/", views.PutBackQueueView.as_view(), name="put_backs"),
    path("put-backs/walk/", views.PutBackWalkView.as_view(), name="put_back_walk"),
    path("put-backs/done/", views.PutBackGoodsView.as_view(), name="put_back"),
    path("put-backs/<int:pk>/done/", views.PutBackOneView.as_view(), name="put_back_one"),
    path("pack/", views.PackQueueView.as_view(), name="pack_queue"),
    path("pack/orders/", views.PackOrdersView.as_view(), name="pack"),
    path("orders/<int:pk>/pack/", views.PackOrderView.as_view(), name="pack_order"),
    path("parcels/<int:pk>/unpack/", views.UnpackParcelView.as_view(), name="unpack_parcel"),
    path("parcels/<int:pk>/packing-slip/", views.PackingSlipView.as_view(), name="packing_slip"),
]
